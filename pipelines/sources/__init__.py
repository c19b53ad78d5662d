"""One file a source: who publishes it, licence, cadence, how it is asked, how its bytes become rows."""
