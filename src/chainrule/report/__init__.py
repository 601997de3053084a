"""Reports: text, tables and figures on one self-contained HTML page, readable on a phone, by day and by night."""

from .blocks import Figure, Formula, Grid, Heatmap, Table, Tile, Verbatim, percent
from .figures import Drawing, chart, formula, picture, plane, shades
from .layers import Layer, layers, size_formula, totals
from .page import Outcome, Page, Section

__all__ = [
    "Drawing",
    "Figure",
    "Formula",
    "Grid",
    "Heatmap",
    "Layer",
    "Outcome",
    "Page",
    "Section",
    "Table",
    "Tile",
    "Verbatim",
    "chart",
    "formula",
    "layers",
    "percent",
    "picture",
    "plane",
    "shades",
    "size_formula",
    "totals",
]
