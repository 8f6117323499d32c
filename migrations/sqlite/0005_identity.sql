-- What was decided about something before gives the next decision its number.
CREATE INDEX payouts_by_refund ON payouts (refund_id) WHERE refund_id IS NOT NULL;
CREATE INDEX refunds_by_incoming ON refunds (incoming_id, source) WHERE incoming_id IS NOT NULL;
