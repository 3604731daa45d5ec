"""The frame of a page: for a phone, a screen and a printer; nothing is loaded from elsewhere."""

from tofa_tf.deploy.html_parts import text


def page(title: str, body: str) -> str:
    """Returns a whole page.

    Args:
        title: as text.
        body: as HTML.
    """
    # Not one replacement after the other: a title may hold the mark of the body.
    head, between, end = _PAGE.replace("BODY", "TITLE").split("TITLE")
    return f"{head}{text(title)}{between}{body}{end}"


_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1"><title>TITLE</title>
<style>
:root { color-scheme: light; }
body { font: 15px/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 75em; padding: 1em;
  color: #212529; overflow-wrap: anywhere; }
h1 { font-size: 1.6em; } h2 { margin-top: 1.6em; border-bottom: 2px solid #1864ab; }
h3 { margin: .2em 0; }
.cards { display: grid; gap: 1em; grid-template-columns: repeat(auto-fill, minmax(17em, 1fr)); }
article { border: 1px solid #ced4da; border-radius: .6em; padding: .8em; break-inside: avoid; }
article p { margin: .3em 0; } .big { font-size: 2.2em; font-weight: 700; color: #1864ab; }
.bar { margin: .4em 0; font-size: .9em; }
.bar div { display: block; background: #e9ecef; border-radius: .3em; height: .6em; }
.bar i { display: block; background: #2b8a3e; border-radius: .3em; height: .6em; }
.bar i.over { background: #e03131; } .fits { color: #2b8a3e; } .not { color: #c92a2a; }
.charts { display: grid; gap: 1em; grid-template-columns: repeat(auto-fit, minmax(18em, 1fr)); }
figure { margin: 0; } figcaption span { margin-left: 1em; font-weight: 700; }
svg { width: 100%; height: auto; } svg text { font-size: 13px; } .g { stroke: #e9ecef; }
.l { stroke: #868e96; stroke-dasharray: 2 2; }
.scroll { overflow-x: auto; } table { border-collapse: collapse; margin: .6em 0; }
th, td { border-bottom: 1px solid #dee2e6; padding: .2em .6em; text-align: right;
  white-space: nowrap; font-variant-numeric: tabular-nums; }
th:first-child, td:first-child { text-align: left; }
img { max-width: 100%; image-rendering: pixelated; }
.columns { columns: 18em; } pre { background: #f1f3f5; padding: .8em; white-space: pre-wrap; }
@media (max-width: 640px) { svg text { font-size: 22px; } }
@media print { body { max-width: none; font-size: 11px; } section { break-inside: avoid-page; }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; } }
</style></head><body>
BODY
</body></html>
"""
