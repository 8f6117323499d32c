//! How a daemon behaves, seen from outside: as a child process with signals, files, sockets and pages.

mod dry_run;
mod health;
mod logs;
mod reload;
mod schedule;
mod secrets;
mod silent;
mod start;
mod stop;
mod systemd;
mod work;
