MODEL (
  name registry.area_crosswalk,
  kind SEED (path '$root/seeds/area_crosswalk.csv'),
  columns (old_code text, new_code text)
);
