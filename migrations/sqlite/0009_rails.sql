-- What the rail kept or took for its leg. It is the rail's, told for the books; amount_fee is ours.
ALTER TABLE transfers ADD COLUMN rail_fee TEXT CHECK (rail_fee NOT GLOB '*[^0-9.]*');
-- The code of what is told as `message`, such as one of ISO 20022, where a rail gave one.
ALTER TABLE transfers ADD COLUMN reason_code TEXT;
