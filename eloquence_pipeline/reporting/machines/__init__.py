"""Results for machines: JUnit XML, OpenMetrics, CSV, and Markdown for the pages of CI."""

from eloquence_pipeline.reporting.machines.junit import junit_xml
from eloquence_pipeline.reporting.machines.open_metrics import open_metrics
from eloquence_pipeline.reporting.machines.phrase_table import phrases_csv
from eloquence_pipeline.reporting.machines.summary import summary_markdown

__all__ = ["junit_xml", "open_metrics", "phrases_csv", "summary_markdown"]
