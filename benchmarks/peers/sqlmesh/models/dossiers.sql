/* The newest version of each dossier of the files, with typed fields. */
MODEL (
  name staging.dossiers,
  kind FULL,
  grain dossier,
  audits (
    not_null(columns := (dossier, received_at)),
    unique_values(columns := (dossier)),
    accepted_values(column := channel, is_in := ('1', '2', '3', ''))
  )
);

@DEF(time, text -> TRY_STRPTIME(text, ['%Y%m%d%H%M%S', '%Y-%m-%d %H:%M:%S']));

WITH records AS (
  SELECT
    MaHoSo AS dossier,
    COALESCE(
      TRY_CAST(REGEXP_EXTRACT(filename, '(20\d\d-\d\d-\d\d)[^/]*$', 1) AS DATE),
      LAST_DAY(CAST(REGEXP_EXTRACT(filename, '(20\d\d-\d\d)[^/]*$', 1) || '-01' AS DATE))
    ) AS day,
    MaTTHC AS procedure_code,
    MaLinhVuc AS field_code,
    KenhThucHien AS channel,
    @time(NgayTiepNhan) AS received_at,
    @time(NgayHenTra) AS due_at,
    COALESCE(@time(NgayKetThucXuLy), @time(NgayTra), @time(NgayTuChoi)) AS ended_at,
    LIST_TRANSFORM(
      DanhSachHoSoBoSung,
      e -> {
        'asked': TRY_STRPTIME(e.NgayBoSung, ['%Y%m%d%H%M%S', '%Y-%m-%d %H:%M:%S']),
        'answered': TRY_STRPTIME(e.NgayTiepNhanBoSung, ['%Y%m%d%H%M%S', '%Y-%m-%d %H:%M:%S'])
      }
    ) AS supplements,
    LEN(LIST_FILTER(DanhSachGiayToKetQua, e -> e.DuongDanTepTinKetQua <> '')) > 0 AS has_e_result
  FROM READ_JSON(
    @files,
    format = 'newline_delimited',
    filename = TRUE,
    columns = {
      'MaHoSo': 'varchar',
      'MaTTHC': 'varchar',
      'MaLinhVuc': 'varchar',
      'KenhThucHien': 'varchar',
      'NgayTiepNhan': 'varchar',
      'NgayHenTra': 'varchar',
      'NgayKetThucXuLy': 'varchar',
      'NgayTra': 'varchar',
      'NgayTuChoi': 'varchar',
      'DanhSachHoSoBoSung': 'struct(NgayBoSung varchar, NgayTiepNhanBoSung varchar)[]',
      'DanhSachGiayToKetQua': 'struct(DuongDanTepTinKetQua varchar)[]'
    }
  )
)
SELECT
  *
FROM records
WHERE received_at IS NOT NULL
QUALIFY ROW_NUMBER() OVER (PARTITION BY dossier ORDER BY day DESC) = 1;
