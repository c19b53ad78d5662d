-- One row a version of a dossier, as the one-stop system tells it.
{{ dossier_versions(source('raw', 'onestop_dossiers')) }}
