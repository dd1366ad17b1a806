"""What is promised, shown. `unit/` mirrors the source; `support/` starts real brokers and databases."""
