//! `user_info`: what the nodes tell each other, one element per node, growing with the payment's life.

use serde_json::json;

use super::moves::{PaymentState, Role};
use super::payment::{NoteKind, Payment};
use super::render::Renderer;
use super::template::write_time;

impl Renderer {
    /// Appends the list of all nodes that have told anything.
    pub(super) fn write_user_info(&self, out: &mut String, payment: &Payment) {
        out.push('[');
        self.write_node(out, payment, Role::Sending);
        if has_notes(payment, Role::Receiving) {
            out.push(',');
            self.write_node(out, payment, Role::Receiving);
        }
        out.push(']');
    }

    /// One node's element of `user_info`.
    fn write_node(&self, out: &mut String, payment: &Payment, side: Role) {
        let node = match side {
            Role::Sending => payment.sender_node(),
            Role::Receiving => payment.receiver_node(),
        };
        out.push_str("{\"node_address\":\"");
        out.push_str(node);
        out.push('"');
        for (kind, name) in NoteKind::ALL {
            out.push_str(",\"");
            out.push_str(name);
            out.push_str("\":[");
            let start = out.len();
            for step in network_notes(payment, kind, side) {
                begin_note(out, start);
                if kind == NoteKind::Accepted {
                    self.write_accepted(out, payment);
                } else {
                    out.push_str("{}");
                }
                end_note(out, step, "");
            }
            let notes = payment.more.iter().flat_map(|more| &more.notes);
            for note in notes.filter(|note| (note.kind, note.by) == (kind, side)) {
                begin_note(out, start);
                out.push_str(&note.json);
                end_note(out, note.at, &note.sub_state);
            }
            out.push(']');
        }
        out.push('}');
    }
}

fn begin_note(out: &mut String, start: usize) {
    out.push_str(if out.len() == start { "{\"json\":" } else { ",{\"json\":" });
}

fn end_note(out: &mut String, at: i64, sub_state: &str) {
    out.push_str(",\"created_at\":\"");
    write_time(out, at);
    out.push_str("\",\"subState\":");
    out.push_str(&json!(sub_state).to_string());
    out.push('}');
}

/// When the network itself noted something of this kind for this side.
fn network_notes(payment: &Payment, kind: NoteKind, side: Role) -> impl Iterator<Item = i64> {
    payment.history.iter().enumerate().filter_map(move |(place, step)| {
        (step.by_network && note_of(step.state, place == 0) == Some((kind, side)))
            .then_some(step.at)
    })
}

/// Where in `user_info` a state shows, and at whose node.
pub(super) const fn note_of(state: PaymentState, first: bool) -> Option<(NoteKind, Role)> {
    match state {
        PaymentState::Accepted if first => Some((NoteKind::Accepted, Role::Sending)),
        PaymentState::Accepted => Some((NoteKind::RetryAccept, Role::Sending)),
        PaymentState::Locked => Some((NoteKind::Locked, Role::Receiving)),
        PaymentState::LockDeclined => Some((NoteKind::LockDeclined, Role::Receiving)),
        PaymentState::Prepared => Some((NoteKind::Settlement, Role::Sending)),
        PaymentState::SettlementDeclined => Some((NoteKind::SettlementDeclined, Role::Sending)),
        // What stands under `executed` are sub-states alone.
        PaymentState::Executed => None,
        PaymentState::Completed => Some((NoteKind::Completed, Role::Receiving)),
        PaymentState::Failed => Some((NoteKind::Failed, Role::Receiving)),
        PaymentState::Returned => Some((NoteKind::Returned, Role::Receiving)),
    }
}

fn has_notes(payment: &Payment, side: Role) -> bool {
    let by_network = payment.history.iter().enumerate().any(|(place, step)| {
        step.by_network && note_of(step.state, place == 0).is_some_and(|(_, who)| who == side)
    });
    by_network || payment.more.iter().flat_map(|more| &more.notes).any(|note| note.by == side)
}
