//! Accounts that more than our own keys sign for: the envelope waits.

use railpoll::engine::Clock;
use railpoll::networks::stellar::{Authority, Envelope, Keys as Seeds, NetworkId};
use railpoll_sandbox::horizon::{HorizonOptions, Keys};

use crate::support::ann;
use crate::support::stellar::{Anchor, Setting, on_both_kinds};

#[test]
fn an_envelope_without_enough_signatures_waits_and_goes_on() {
    on_both_kinds(|kind| {
        let setting = Setting { channels: 1, has_channel_seeds: false, ..Setting::default() };
        let anchor = Anchor::with(kind, &setting, HorizonOptions::default());
        let customer = anchor.customer("customer");
        anchor.create(&anchor.deposit("d", &customer.account()));
        anchor.send();
        anchor.send();
        let transfers = &anchor.transfers;
        let waiting = "envelopes WHERE status = 'waiting_signatures'";
        assert_eq!(transfers.world.count(waiting), 1);
        assert_eq!(anchor.horizon.submissions(), 0);

        let id = transfers.world.texts("SELECT envelope_id FROM envelopes").remove(0);
        let store = transfers.store();
        let stored = transfers.world.wait(store.envelope(&id)).unwrap().unwrap();
        let network = NetworkId::new(&anchor.horizon.passphrase());
        let mut envelope = Envelope::parse(&stored.xdr, network).unwrap();
        let channel = Keys::of("channel 0");
        let missing = [Authority::of_master_key(&channel.account())];
        envelope.sign(&Seeds::parse(&channel.seed()).unwrap(), &missing).unwrap();
        let signed = envelope.to_xdr_base64().unwrap();
        transfers
            .world
            .wait(store.sign_envelope(
                &id,
                &stored.xdr,
                &signed,
                true,
                ann(),
                Clock::system().now(),
            ))
            .unwrap();
        transfers.world.wait(store.close());

        anchor.send();
        assert_eq!(transfers.status("d"), "completed");
        anchor.check_paid(&[customer.account()]);
    });
}
