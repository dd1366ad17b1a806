"""A text as a QR code: a picture that a phone reads. The only importer of segno."""

from __future__ import annotations

import io

import segno


def svg(text: str) -> str:
    """The code as one <svg> element, black on white with its quiet zone, in whichever size the page gives it."""
    out = io.BytesIO()
    segno.make(text, error="m", micro=False).save(
        out, kind="svg", xmldecl=False, svgns=True, omitsize=True, border=4, light="#fff", dark="#000", nl=False
    )
    return out.getvalue().decode()
