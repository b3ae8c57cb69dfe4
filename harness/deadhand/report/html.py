"""One case as one self-contained HTML page: no script, no link to anything."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jinja2 import Environment, StrictUndefined

from deadhand.report.facts import case_facts
from deadhand.report.lanes import lane_rows, thread_name
from deadhand.report.mad_titles import headline
from deadhand.report.program_text import program_lines

if TYPE_CHECKING:
    from deadhand.model.case import Case

_PAGE = """\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{ headline }}</title>
<style>
 :root { color-scheme: light dark; --line: #8885; --bad: #c22; --inside: #47a; }
 body { font: 15px/1.5 system-ui, sans-serif; max-width: 70rem; margin: 2rem auto; padding: 0 1rem; }
 h1 { font-size: 1.4rem; } h2 { font-size: 1.1rem; margin-top: 2rem; }
 p.detail { font-size: 1.1rem; border-left: 4px solid var(--bad); padding-left: .8rem; }
 .scroll { overflow-x: auto; }
 table.lanes { border-collapse: collapse; width: 100%; }
 .lanes th, .lanes td { border: 1px solid var(--line); padding: .4rem .6rem; text-align: left; vertical-align: top; }
 .step { font-family: ui-monospace, monospace; font-size: 13px; white-space: pre-wrap; overflow-wrap: anywhere; }
 .inside { border-left: 3px solid var(--inside); padding-left: .6rem; }
 .bad { background: #c222; outline: 2px solid var(--bad); } .hazard { font-style: italic; }
 .number { opacity: .6; }
 dl { display: grid; grid-template-columns: max-content 1fr; gap: .2rem 1rem; } dt { opacity: .7; } dd { margin: 0; overflow-wrap: anywhere; }
 pre { border: 1px solid var(--line); padding: .8rem; overflow-x: auto; font-size: 13px; }
</style>
</head>
<body>
<h1>{{ headline }}</h1>
<p class="detail">{{ case.detail }}</p>
<h2>What happens, thread by thread</h2>
<div class="scroll"><table class="lanes">
<tr>{% for thread in threads %}<th>{{ thread_name(thread) }}</th>{% endfor %}</tr>
{% for row in rows %}<tr>{% for thread in threads %}<td>
{%- for cell in row if cell.thread == thread %}<div class="step{{ ' inside' if cell.depth }}{{ ' bad' if cell.bad }}{{ ' hazard' if cell.hazard }}" style="margin-left: {{ cell.depth * 1.5 }}rem">
{%- if cell.number %}<span class="number">{{ cell.number }}</span>  {% endif %}{{ cell.text }}</div>{% endfor -%}
</td>{% endfor %}</tr>
{% endfor %}</table></div>
<h2>Facts</h2>
<dl>{% for name, value in facts %}<dt>{{ name }}</dt><dd>{{ value }}</dd>{% endfor %}</dl>
<h2>The program</h2>
<pre>{{ lines | join('\\n') }}</pre>
{% if trace %}<h2>Trace</h2>
<pre>{{ trace | join('\\n') }}</pre>
{% endif %}{% if replay %}<h2>See it again</h2>
<pre>{{ replay }}</pre>
{% endif %}</body>
</html>
"""


def show_html(case: Case, lines: list[str] | None = None, *, trace: list[str] | None = None, replay: str = "") -> str:
    """The page. `lines`: the program's text; `trace`: stacks to show with it; `replay`: the command that replays it."""
    threads, rows = lane_rows(case.program, case.step)
    page = Environment(autoescape=True, undefined=StrictUndefined).from_string(_PAGE)
    return page.render(
        case=case,
        headline=headline(case.mad, case.symptom),
        threads=threads,
        rows=rows,
        thread_name=thread_name,
        facts=case_facts(case),
        lines=lines if lines is not None else program_lines(case.program),
        trace=trace or [],
        replay=replay,
    )
