-- The oldest bubble of campaigns is found without a look at all of them, and letters leave by their age.
CREATE INDEX outbox_campaigns_position ON voronka.outbox (position) WHERE lane = 2;
CREATE INDEX letters_latest ON voronka.letters (partner, at, id);
