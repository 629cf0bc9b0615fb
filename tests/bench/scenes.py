"""What happens on the screen while servers are measured."""

import os
import random
import sys

HERE = os.path.dirname(os.path.realpath(__file__))
_WORDS = ('region plane stride damage tile patch update exact viewer lane '
          'generation display keyframe band reference picture mapping '
          'int const return if while 0x80008086 -> { } == && :: <<').split()


def text_line(dice, length=100):
  """A line as in a log or a program."""
  line = ' ' * dice.randrange(0, 9)
  while len(line) < length:
    line += dice.choice(_WORDS) + ' '
  return line[:length]


class Scene:
  """Stands still but for the marker."""
  name = 'still'

  def __init__(self, screen):
    self.screen = screen
    self.processes = []

  def prepare(self):
    """Called once, before the first measurement."""

  def begin(self):
    """Called before each measurement."""

  def end(self):
    """Called after each measurement."""
    for process in self.processes:
      process.stop()
    self.processes = []

  def close(self):
    self.end()


class Typing(Scene):
  """Ten characters a second into a terminal full of text."""
  name = 'typing'

  def __init__(self, screen):
    super().__init__(screen)
    self.terminal = None

  def prepare(self):
    self.terminal = start_terminal(
        self.screen, [sys.executable, os.path.join(HERE, 'scenes.py'), 'page'])
    self.screen.run(['xdotool', 'mousemove', '900', '600'])

  def begin(self):
    text = ' '.join(text_line(random.Random(7)) for _ in range(20))
    self.processes = [self.screen.start(
        'xdotool', ['xdotool', 'type', '--delay', '100', text])]

  def close(self):
    super().close()
    self.terminal.stop()


class Scrolling(Typing):
  """Thirty lines a second in a terminal."""
  name = 'scrolling'

  def prepare(self):
    self.terminal = start_terminal(
        self.screen, [sys.executable, os.path.join(HERE, 'scenes.py'),
                      'scroll'])

  def begin(self):
    pass


SCENES = (Typing, Scrolling)


def start_terminal(screen, command):
  """An xterm that leaves the marker's corner free."""
  terminal = screen.start(
      'xterm', ['xterm', '-fa', 'DejaVu Sans Mono', '-fs', '11', '-bg', 'white',
                '-fg', 'black', '-geometry', '180x52+10+90', '-e'] + command)
  screen.wait_for_window('xterm')
  return terminal


def _print_page():
  dice = random.Random(3)
  for _ in range(40):
    print(text_line(dice))
  sys.stdout.flush()
  # From here on the terminal echoes what is typed.
  os.execvp('cat', ['cat'])


def _print_for_ever():
  import time
  dice = random.Random(5)
  due = time.monotonic()
  while True:
    print(text_line(dice, dice.randrange(20, 140)), flush=True)
    due += 1 / 30
    time.sleep(max(0.0, due - time.monotonic()))


if __name__ == '__main__':
  {'page': _print_page, 'scroll': _print_for_ever}[sys.argv[1]]()
