-- One row per version of a dossier, as the National Public Service Portal reports it.
{{ dossier_versions(source('raw', 'dvcqg_dossiers')) }}
