"""Real things that tests start and stop: a broker, a database, a free port."""
