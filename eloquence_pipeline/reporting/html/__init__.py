"""Reports as HTML: one self-contained file a run and one a suite.

A page is made of blocks (:mod:`~eloquence_pipeline.reporting.html.blocks`), which the modules beside this
one fill from a result, and a template shows. Both languages are in the file.
"""

from eloquence_pipeline.reporting.html.capacity_page import capacity_page
from eloquence_pipeline.reporting.html.environment import Evidence, EvidenceFile
from eloquence_pipeline.reporting.html.load_page import load_page
from eloquence_pipeline.reporting.html.matrix_page import Series, matrix_page
from eloquence_pipeline.reporting.html.page import Language, page_html
from eloquence_pipeline.reporting.html.reconnection_page import reconnection_page
from eloquence_pipeline.reporting.html.run_page import run_page
from eloquence_pipeline.reporting.html.sound import PhraseSound
from eloquence_pipeline.reporting.html.suite_page import suite_page

__all__ = [
    "Evidence",
    "EvidenceFile",
    "Language",
    "PhraseSound",
    "Series",
    "capacity_page",
    "load_page",
    "matrix_page",
    "page_html",
    "reconnection_page",
    "run_page",
    "suite_page",
]
