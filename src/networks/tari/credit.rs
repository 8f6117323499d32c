//! The wallet of a customer's credit notes: an address that nobody holds the key of.

use blake2::{Blake2b512, Digest as _};

use super::TariAddress;
use crate::addresses::tari::point;

/// What such a key begins with.
const BEGINNING: [u8; 8] = [0, 0, 0, 0xba, 0x5e, 0x4d, 0, 0];
/// A quarter of all tries find a key. No customer needs as many.
const TRIES: usize = 4096;

/// The address of a customer's credit notes. It follows from the customer's id, and always is the same. None for an id
/// that no address is found for, which is not to be expected of any.
#[must_use]
pub fn credit_address(customer_id: &str) -> Option<TariAddress> {
    let hash: [u8; 64] = Blake2b512::digest(customer_id).into();
    let mut key = [0; 32];
    key.copy_from_slice(&hash[..32]);
    key[..8].copy_from_slice(&BEGINNING);
    key[31] = 0;
    let mut counter = [0; 8];
    counter.copy_from_slice(&key[24..]);
    let mut counter = u64::from_be_bytes(counter);
    for _ in 0..TRIES {
        key[24..].copy_from_slice(&counter.to_be_bytes());
        if point(key).is_some() {
            return TariAddress::of_key(0, 2, &key).ok();
        }
        counter = counter.wrapping_add(1);
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_customers_address_is_always_the_same() {
        for (customer, address) in [
            ("bob", "13111eLuVvxBvAAf3tKJFWKNhJrv5e1dV4on8e3AW1Qq4e"),
            ("1234", "13111eLuVvxBvAhWdTUMEKJRgpbFusby2KqBaGT5emkFzt"),
        ] {
            assert_eq!(credit_address(customer).unwrap().base58(), address, "{customer}");
        }
    }

    #[test]
    fn every_customer_has_one() {
        for customer in 0..500 {
            let address = credit_address(&customer.to_string()).unwrap();
            assert_eq!(address.base58().parse(), Ok(address));
        }
    }
}
