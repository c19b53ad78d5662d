-- One row a version of a dossier, as the National Public Service Portal tells it.
{{ dossier_versions(source('raw', 'dvcqg_dossiers')) }}
