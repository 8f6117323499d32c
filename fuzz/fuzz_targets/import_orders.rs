#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| railpoll::fuzzing::import_orders(data));
