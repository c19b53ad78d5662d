-- One row per version of a dossier, as the one-stop system reports it.
{{ dossier_versions(source('raw', 'onestop_dossiers')) }}
