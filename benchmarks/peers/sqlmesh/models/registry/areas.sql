MODEL (
  name registry.areas,
  kind SEED (path '$root/seeds/areas.csv'),
  columns (area_code text, valid_from date, valid_to date, level text, name text, kind text)
);
