-- What owes, as a row of comparisons, as SQLite needs it: the two schemas ask for it in the same words.
DROP INDEX delivery_owing;
CREATE INDEX delivery_owing ON delivery (subscriber)
    WHERE state = 'expired' OR state = 'not sent' OR state = 'cancelled' OR edition <> first_edition;
