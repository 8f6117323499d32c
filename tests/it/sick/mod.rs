//! One sick thing beside nine healthy ones, for each kind of sickness, in each job: the nine are done within two sweeps.

mod transfers;
