MODEL (
  name registry.procedure_fields,
  kind SEED (path '$root/seeds/procedure_fields.csv'),
  columns (field_code text, name_vi text)
);
