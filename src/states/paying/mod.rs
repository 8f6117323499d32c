//! Money goes out on a rail: what is due is paid out, and what is on its way is followed to its end.
//!
//! A payout is written down before the rail hears of it, with the key that it keeps. One whose fate is not known is asked
//! about before anything else, and where the rail cannot tell, a person must. See `verdict` for what follows from each
//! answer, and `pump` for how many are in hand at once.

mod calls;
mod pump;
mod records;
mod verdict;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use self::pump::{Pump, Pumped};
use self::verdict::Asked;
use super::assets::Assets;
use super::patience::Requests;
use super::round::Round;
use super::{Observer, Stage, SweepError, SweepReport, Swept};
use crate::engine::Clock;
use crate::rails::AnyRail;
use crate::store::{Lease, PayoutRow, Scope, Store, StoreError};
