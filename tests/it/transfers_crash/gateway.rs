//! The other side of a rail that is a wire gateway.

use std::sync::Arc;

use railpoll_sandbox::Reply;
use railpoll_sandbox::wire_gateway::{
    GatewayEndpoint, GatewayOptions, Stage, TransferStatus, WireGateway,
};
use serde_json::json;

use super::killing::Killer;
use super::rails::{Paid, Side};
use crate::support::world::World;

const PAYER: &str = "payto://iban/DE02120300000000202051?receiver-name=Ada";

/// A gateway, and its books.
pub(crate) struct Gateway(WireGateway);

impl Gateway {
    /// The gateway itself.
    pub(crate) const fn gateway(&self) -> &WireGateway {
        &self.0
    }
}

impl Side for Gateway {
    const CURRENCY: &str = "EUR";

    fn open(world: &World) -> Self {
        Self(world.wait(WireGateway::start(GatewayOptions::default())).unwrap())
    }

    fn section(&self) -> String {
        format!(
            "kind = \"wire-gateway\"\nurl = \"{}\"\nauth = \"none\"\n\
             exchange_base_url = \"https://exchange.example.com/\"\ntimeout = \"2s\"\n",
            self.0.url()
        )
    }

    fn beneficiary(&self, course: &str) -> String {
        json!({ "payto": format!("payto://iban/DE75?receiver-name={course}") }).to_string()
    }

    fn subject(&self, n: u64) -> String {
        self.0.key(n)
    }

    fn prepare_payouts(&self) {
        let Self(gateway) = self;
        let then = |status| vec![Stage::of(TransferStatus::Pending, 1), Stage::of(status, 0)];
        gateway.set_stages_for("half", then(TransferStatus::Success));
        gateway.set_stages_for("returned", then(TransferStatus::PermanentFailure));
        let lose = |about, reply| gateway.script_for(GatewayEndpoint::Transfer, about, 1, reply);
        lose("lost", Reply::CutAfter);
        lose("half", Reply::CutBefore);
        gateway.script(GatewayEndpoint::TransferById, 1, Reply::CutAfter);
    }

    fn pay_in(&self) -> Vec<&'static str> {
        let Self(gateway) = self;
        for (amount, key) in [("EUR:10.5", 1), ("EUR:10.5", 2), ("EUR:3", 1), ("EUR:7", 77)] {
            gateway.receive(amount, &gateway.key(key), PAYER).unwrap();
        }
        gateway.script(GatewayEndpoint::Incoming, 1, Reply::CutAfter);
        vec!["matched in-1", "matched in-2", "second in-1", "unknown_memo"]
    }

    fn arm(&self, killer: Arc<Killer>) {
        self.0.set_hook(move |request| killer.call(request.phase));
    }

    fn disarm(&self) {
        self.0.clear_hook();
    }

    fn paid(&self, at: &str) -> Vec<Paid> {
        assert_eq!(self.0.violations(), Vec::<String>::new(), "{at}");
        let all = self.0.transfers().into_iter();
        let paid = all.filter(|transfer| transfer.status.is_paid());
        paid.map(|transfer| (transfer.metadata.unwrap(), transfer.amount)).collect()
    }
}
