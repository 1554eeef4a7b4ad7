#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| voronka_fuzz::yaml(bytes));
