-- One row per version of a dossier, as loaded; nested lists reduced to what the measures ask.
{{ dossier_versions(source('raw', 'dossiers')) }}
