#!/usr/bin/env python3
"""Measures oriel-borrow's processor time on a host with so many processes.

Usage: borrow_cost.py ORIEL_BORROW [SECONDS [PROCESSES...]]

The processes sleep; orield is played by a socket that only reads. Beside that,
what a host does all the time: processes that come and go, 20 a second.
"""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

# Each is a fork of one that has nothing but this.
_SLEEPER = r'''
import os, signal, sys
pids = []
for _ in range(int(sys.argv[1])):
  pid = os.fork()
  if pid == 0:
    signal.pause()
  pids.append(pid)
print("ready", flush=True)
sys.stdin.read()
for pid in pids:
  os.kill(pid, signal.SIGKILL)
for pid in pids:
  os.waitpid(pid, 0)
'''
# Until everything that was there at the start has been looked at.
_SETTLE_S = 15


def play_orield(listener):
  """Reads what comes, from one oriel-borrow after the other, and answers pings
  as orield does."""
  while True:
    try:
      connection, _ = listener.accept()
    except OSError:
      return
    with connection:
      while True:
        message = connection.recv(8192)
        if not message:
          break
        if b'"ping"' in message:
          connection.send(message.replace(b'"ping"', b'"pong"'))


def cpu_seconds(pid):
  """By the scheduler's own clock, in which a tick is no unit."""
  with open(f'/proc/{pid}/schedstat', encoding='ascii') as file:
    return int(file.read().split()[0]) / 1e9


def churn(stop):
  while not stop.wait(0.05):
    subprocess.run(['true'], check=True)


def measure(program, count, seconds):
  """Milliseconds of processor time a second, after it has settled."""
  sleepers = subprocess.Popen([sys.executable, '-S', '-c', _SLEEPER,
                               str(count)], stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE)
  sleepers.stdout.readline()
  with tempfile.TemporaryDirectory() as folder:
    path = os.path.join(folder, 'devices.sock')
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    listener.bind(path)
    listener.listen()
    threading.Thread(target=play_orield, args=(listener,), daemon=True).start()
    borrow = subprocess.Popen([program, '--socket', path],
                              stderr=subprocess.DEVNULL)
    stop = threading.Event()
    noise = threading.Thread(target=churn, args=(stop,))
    noise.start()
    try:
      time.sleep(_SETTLE_S)
      settled = cpu_seconds(borrow.pid)
      begin = time.monotonic()
      time.sleep(seconds)
      used = cpu_seconds(borrow.pid) - settled
      return (1000 * used / (time.monotonic() - begin), 1000 * settled,
              sum(name.isdigit() for name in os.listdir('/proc')))
    finally:
      stop.set()
      noise.join()
      borrow.send_signal(signal.SIGTERM)
      borrow.wait()
      listener.close()
      sleepers.communicate()


def main():
  program = os.path.abspath(sys.argv[1])
  seconds = float(sys.argv[2]) if len(sys.argv) > 2 else 30
  print('processes  ms a second  ms in the first 15 s')
  for count in map(int, sys.argv[3:] or ('10', '1000', '10000')):
    used, settled, processes = measure(program, count, seconds)
    print(f'{processes:9}  {used:11.2f}  {settled:20.1f}', flush=True)


if __name__ == '__main__':
  main()
