MODEL (
  name registry.public_holidays,
  kind SEED (path '$root/seeds/public_holidays.csv'),
  columns (holiday_date date)
);
