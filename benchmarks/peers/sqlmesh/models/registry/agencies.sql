MODEL (
  name registry.agencies,
  kind SEED (path '$root/seeds/agencies.csv'),
  columns (agency_code text, name text, level text, area_code text, valid_from date, valid_to date)
);
