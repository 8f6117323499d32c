//! What a user would try, with whole daemons, real databases and a sandbox that misbehaves.

mod cli;
