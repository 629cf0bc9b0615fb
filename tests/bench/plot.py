"""Bars of CPU and bytes by scene and server, as SVG.

Usage: plot.py [RESULTS.md [bench.svg]]
"""

import html
import math
import os
import sys

HERE = os.path.dirname(os.path.realpath(__file__))
_ROOT = os.path.dirname(os.path.dirname(HERE))

# In the order of the bars. Oriel is one hue, each peer another.
_COLORS = {
    'Oriel ADAPTIVE': '#0b5fcc',
    'Oriel LOSSLESS': '#4a97ee',
    'Oriel H264': '#a3cbf7',
    'ffmpeg x11grab': '#e0862b',
    'x11vnc': '#6f7781',
    'x11vnc, no XDamage': '#adb4bc',
    'TigerVNC x0': '#3f9a6b',
}
_INK, _SOFT, _GRID, _PAPER, _EDGE = ('#1f2328', '#59636e', '#e4e8ec',
                                     '#ffffff', '#d1d9e0')
_BAR, _BAR_STEP, _GROUP_GAP = 9, 11, 17
_LEFT, _PANEL, _PANEL_GAP, _TOP, _MARGIN = 172, 316, 62, 128, 26
_WIDTH = _LEFT + 2 * _PANEL + _PANEL_GAP + 56


class _Axis:
  """A logarithmic axis; what is below its start gets a sliver of a bar."""

  def __init__(self, title, left, first, last):
    self.title, self.left = title, left
    self.first, self.last = first, last

  def decades(self):
    return range(round(math.log10(self.first)),
                 round(math.log10(self.last)) + 1)

  def length(self, value):
    if value <= self.first:
      return 2.0
    span = math.log10(self.last / self.first)
    return max(2.0, min(1.0, math.log10(value / self.first) / span) * _PANEL)


def read_table(markdown):
  """{scene: {server: (CPU in ms/s, kB/s)}} of the first table."""
  found = {}
  for line in markdown.splitlines():
    cells = [cell.strip() for cell in line.strip().strip('|').split('|')]
    if len(cells) < 5 or not line.startswith('|'):
      if found:
        break
      continue
    if cells[1] in _COLORS and cells[3]:
      found.setdefault(cells[0], {})[cells[1]] = (float(cells[2]),
                                                  float(cells[3]))
  return found


def _text(x, y, words, size, color=_INK, anchor='start', weight=400):
  return (f'<text x="{x:g}" y="{y:g}" font-size="{size}" fill="{color}" '
          f'text-anchor="{anchor}" font-weight="{weight}">'
          f'{html.escape(words)}</text>')


def number(value):
  if value >= 10000:
    return f'{value / 1000:.0f}k'
  if value >= 1000:
    return f'{value / 1000:.1f}k'
  if value >= 10:
    return f'{value:.0f}'
  return f'{value:.1f}' if value else '0'


def _legend(servers):
  parts, x, y = [], _MARGIN, 65
  for server in servers:
    parts.append(f'<rect x="{x}" y="{y - 9}" width="11" height="11" rx="2.5" '
                 f'fill="{_COLORS[server]}"/>')
    parts.append(_text(x + 17, y, server, 12.5))
    x += 17 + round(7.2 * len(server)) + 18
  return parts


def _axis(axis, bottom):
  parts = [_text(axis.left, _TOP - 24, axis.title, 13.5, weight=600)]
  for decade in axis.decades():
    x = axis.left + axis.length(10 ** decade) * (10 ** decade > axis.first)
    parts.append(f'<line x1="{x:g}" y1="{_TOP - 2}" x2="{x:g}" y2="{bottom}" '
                 f'stroke="{_GRID}"/>')
    name = number(10 ** decade).replace('.0', '')
    parts.append(_text(x, bottom + 16, name, 11, _SOFT, 'middle'))
  return parts


def _bar(axis, y, server, value):
  length = axis.length(value)
  # Square at the axis, round at the end.
  r = min(2.5, length / 2)
  path = (f'M{axis.left} {y}h{length - r:.1f}a{r} {r} 0 0 1 {r} {r}'
          f'v{_BAR - 2 * r}a{r} {r} 0 0 1 -{r} {r}h-{length - r:.1f}z')
  bold = 600 if server.startswith('Oriel') else 400
  return [f'<path d="{path}" fill="{_COLORS[server]}"/>',
          _text(axis.left + length + 5, y + _BAR - 0.8, number(value), 10,
                _INK if bold == 600 else _SOFT, weight=bold)]


def svg(table):
  """The drawing of what read_table returns."""
  servers = [s for s in _COLORS if any(s in row for row in table.values())]
  axes = (_Axis('Server CPU, ms per second', _LEFT, 0.1, 1000),
          _Axis('Sent to one viewer, kB per second',
                _LEFT + _PANEL + _PANEL_GAP, 0.1, 100000))
  bars, y = [], _TOP + 6
  for scene, by_server in table.items():
    shown = [s for s in servers if s in by_server]
    height = len(shown) * _BAR_STEP
    bars.append(_text(_LEFT - 16, y + height / 2 + 3, scene, 13,
                      anchor='end', weight=600))
    for i, server in enumerate(shown):
      for axis, value in zip(axes, by_server[server]):
        bars += _bar(axis, y + i * _BAR_STEP, server, value)
    y += height + _GROUP_GAP
  bottom = y - _GROUP_GAP + 8
  height = bottom + 40
  parts = [
      f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" '
      f'height="{height}" viewBox="0 0 {_WIDTH} {height}" role="img" '
      'font-family="-apple-system, Segoe UI, Helvetica, Arial, DejaVu Sans, '
      'sans-serif"><title>Server CPU and bytes by scene</title>',
      # Its own paper, for pages of any colour.
      f'<rect x="0.5" y="0.5" width="{_WIDTH - 1}" height="{height - 1}" '
      f'rx="10" fill="{_PAPER}" stroke="{_EDGE}"/>',
      _text(_MARGIN, 34, 'What it costs to show a 1920x1080 screen', 17,
            weight=600),
      _text(_WIDTH - _MARGIN, 34, 'logarithmic, less is better', 12, _SOFT,
            'end')]
  parts += _legend(servers)
  for axis in axes:
    parts += _axis(axis, bottom)
  return '\n'.join(parts + bars + ['</svg>']) + '\n'


def write(results_path, svg_path):
  with open(results_path, encoding='utf-8') as file:
    table = read_table(file.read())
  # A run of a part may have measured nothing to draw.
  if not table:
    return
  with open(svg_path, 'w', encoding='utf-8') as file:
    file.write(svg(table))


if __name__ == '__main__':
  given = dict(enumerate(sys.argv[1:]))
  write(given.get(0, os.path.join(HERE, 'RESULTS.md')),
        given.get(1, os.path.join(_ROOT, 'docs', 'images', 'bench.svg')))
