"""What happens on the screen while servers are measured."""

import os
import signal
import sys
import time

HERE = os.path.dirname(os.path.realpath(__file__))
sys.path[:0] = [HERE, os.path.join(os.path.dirname(os.path.dirname(HERE)),
                                   'tools')]

import film
import oriel_host
import paint
import web_page


class Scene:
  """Stands still but for the marker."""
  name = 'still'
  # Of the film, left, top, width, height in pixels.
  film_area = None

  def __init__(self, screen):
    self.screen = screen
    self.windows = []

  def prepare(self):
    """Called once, before the first measurement: at rest from here on."""

  def begin(self):
    """Starts the motion; called in each measurement."""

  def rest(self):
    """Stops it and leaves the windows as they are."""

  def close(self):
    self.rest()
    for window in self.windows:
      oriel_host.signal_group(window, signal.SIGCONT)
      window.stop()

  def start_painter(self, *arguments):
    return self.screen.start(
        f'{self.name} {arguments[0]}',
        [sys.executable, os.path.join(HERE, 'paint.py')] + list(arguments))

  def start_terminal(self, what, geometry='180x52+10+90', name='Terminal'):
    """An xterm that leaves the marker's corner free; its window."""
    self.windows.append(self.screen.start(
        name, ['xterm', '-class', name, '-fa', 'DejaVu Sans Mono', '-fs', '11',
               '-bg', 'white', '-fg', 'black', '-geometry', geometry, '-e',
               sys.executable, os.path.join(HERE, 'paint.py'), what]))
    window = self.screen.wait_for_window(name)
    time.sleep(0.5)
    return window


class Idle(Scene):
  """A desktop with text, at rest."""
  name = 'idle'

  def prepare(self):
    self.start_terminal('page')


class Typing(Idle):
  """Ten characters a second into a terminal full of text."""
  name = 'typing'
  typist = None

  def prepare(self):
    super().prepare()
    self.screen.run(['xdotool', 'mousemove', '900', '600'])

  def begin(self):
    # Debian's xdotool waits half of its delay after each character.
    self.typist = self.screen.start(
        'xdotool', ['xdotool', 'type', '--delay', '200', paint.TYPED])

  def rest(self):
    if self.typist:
      self.typist.stop()
      self.typist = None


class Dragged(Idle):
  """A window full of text is moved over another, at 60 Hz."""
  name = 'window dragged'
  mover = None
  window = None

  def prepare(self):
    super().prepare()
    self.window = self.start_terminal('page', '90x30+600+300', 'Dragged')

  def begin(self):
    self.mover = self.start_painter('move', self.window)

  def rest(self):
    if self.mover:
      self.mover.stop()
      self.mover = None


class _Moving(Scene):
  """Moves by itself: SIGSTOP is rest."""

  def begin(self):
    oriel_host.signal_group(self.windows[-1], signal.SIGCONT)

  def rest(self):
    if self.windows:
      oriel_host.signal_group(self.windows[-1], signal.SIGSTOP)


class Scrolling(_Moving):
  """Thirty lines a second in a terminal."""
  name = 'scrolling'

  def prepare(self):
    self.start_terminal('scroll')
    # Until the terminal is full.
    time.sleep(2)
    self.rest()


class WebPage(_Moving):
  """A long page scrolls in Chromium, at 60 Hz."""
  name = 'web page'

  def prepare(self):
    self.windows.append(web_page.start_browser(self.screen))
    self.rest()


class Film(_Moving):
  """A film of 640x360, 30 Hz, on a desktop."""
  name = 'film 640x360'
  film_area = (1200, 620, 640, 360)

  def prepare(self):
    if self.film_area[:2] != (0, 0):
      self.start_terminal('page')
    self.windows.append(film.start_player(self.screen, self.film_area))
    self.rest()


class WholeScreenFilm(Film):
  name = 'film whole screen'
  film_area = (0, 0, 1920, 1080)


SCENES = (Typing, Scrolling, WebPage, Dragged, Film, WholeScreenFilm)
