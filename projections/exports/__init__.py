"""A log's events and read models as files (CSV, JSON, JSON lines, Parquet) and as database tables
(SQLite, PostgreSQL). What each looks like is described in docs/exports.md.
"""

from projections.exports._errors import ExportError, ExportOptionError, MissingExtraError
from projections.exports._file_export import (
    FILE_FORMATS,
    FileExport,
    export_to_file,
    export_to_stream,
)
from projections.exports._incremental import DatabaseExport
from projections.exports._postgres import export_to_postgres
from projections.exports._selection import Selection
from projections.exports._sqlite import export_to_sqlite

__all__ = [
    "FILE_FORMATS",
    "DatabaseExport",
    "ExportError",
    "ExportOptionError",
    "FileExport",
    "MissingExtraError",
    "Selection",
    "export_to_file",
    "export_to_postgres",
    "export_to_sqlite",
    "export_to_stream",
]
