-- What waits of a campaign for one conversation is taken back when its customer wants no more, however large the campaign is.
CREATE INDEX outbox_campaigns_of ON voronka.outbox (partner, conversation) WHERE lane = 2;
