"""The programs that draw scenes: paint.py page | scroll | move WINDOW."""

import ctypes
import math
import os
import random
import sys
import time

_WORDS = ('region plane stride damage tile patch update exact viewer lane '
          'generation display keyframe band reference picture mapping '
          'int const return if while 0x80008086 -> { } == && :: <<').split()


def text_line(dice, length=100):
  """A line as in a log or a program."""
  line = ' ' * dice.randrange(0, 9)
  while len(line) < length:
    line += dice.choice(_WORDS) + ' '
  return line[:length]


TYPED = ' '.join(text_line(random.Random(7)) for _ in range(20))


def steps(hertz):
  """Pauses between them; makes up for no time that the process was stopped."""
  due = time.monotonic()
  while True:
    yield
    due = max(due + 1 / hertz, time.monotonic() - 1 / hertz)
    time.sleep(max(0.0, due - time.monotonic()))


def print_page():
  dice = random.Random(3)
  for _ in range(40):
    print(text_line(dice))
  sys.stdout.flush()
  # From here on the terminal echoes what is typed.
  os.execvp('cat', ['cat'])


def print_for_ever():
  dice = random.Random(5)
  for _ in steps(30):
    print(text_line(dice, dice.randrange(20, 140)), flush=True)


def place(step):
  """(x, y) of a window under a hand, so many 60ths of a second later."""
  return (600 + round(450 * math.sin(step / 60 * 1.3)),
          300 + round(190 * math.sin(step / 60 * 2.1)))


def move_for_ever(window):
  # xdotool would be a new process for each step.
  x11 = ctypes.CDLL('libX11.so.6')
  x11.XOpenDisplay.restype = ctypes.c_void_p
  display = ctypes.c_void_p(x11.XOpenDisplay(None))
  if not display:
    sys.exit('paint.py: cannot open the display; set DISPLAY')
  for step, _ in enumerate(steps(60)):
    x11.XMoveWindow(display, ctypes.c_ulong(window), *place(step))
    x11.XFlush(display)


if __name__ == '__main__':
  if sys.argv[1] == 'move':
    move_for_ever(int(sys.argv[2]))
  {'page': print_page, 'scroll': print_for_ever}[sys.argv[1]]()
