"""Plays orield towards oriel-borrow (capture/borrow/messages.h), to see what it
offers and when it lets go, apart from what orield makes of it."""

import array
import json
import os
import socket
import threading

import guest_case
import oriel_host
import vfio


class Offer:
  """One device on offer; `device` is its copied fd."""

  def __init__(self, fields, fds):
    self.fields = fields
    self.device = vfio.OpenDevice(fds[0])
    self._fds = fds

  def close(self):
    for fd in self._fds:
      os.close(fd)


class OfferTaker:
  """Starts oriel-borrow, takes every offer, and lets go of it as soon as it is
  withdrawn."""

  def __init__(self, host):
    path = host.path('devices.sock')
    self._lock = threading.Lock()
    self._offers = {}
    self._withdrawn = {}
    self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    self._listener.bind(path)
    os.chmod(path, 0o777)
    self._listener.listen()
    self._borrow = guest_case.start_borrow(host, path)
    self._thread = threading.Thread(target=self._serve, daemon=True)
    self._thread.start()

  def close(self):
    self._borrow.stop()
    # Ends an accept, too.
    self._listener.shutdown(socket.SHUT_RDWR)
    self._thread.join()
    self._listener.close()
    for offer in self._offers.values():
      offer.close()

  def wait_for_offer(self, wanted=lambda fields: True, count=1):
    """The offers whose fields are wanted, when there are so many."""
    def found():
      with self._lock:
        offers = [offer for offer in self._offers.values()
                  if wanted(offer.fields)]
      return len(offers) == count and offers
    return self._wait_until(found, f'{count} offers')

  def wait_for_withdrawal(self, offer):
    """Why it was withdrawn."""
    return self._wait_until(
        lambda: self._withdrawn.get(offer.fields['id']), 'withdrawal')

  def _wait_until(self, condition, what):
    return oriel_host.wait_until(condition, what, [self._borrow],
                                 guest_case.START_S)

  def _serve(self):
    try:
      connection, _ = self._listener.accept()
    except OSError:
      return
    with connection:
      while True:
        data, ancillary, _, _ = connection.recvmsg(
            8192, socket.CMSG_SPACE(16), socket.MSG_CMSG_CLOEXEC)
        if not data:
          break
        fds = array.array('i')
        for _, _, content in ancillary:
          fds.frombytes(content)
        self._take(connection, json.loads(data), list(fds))

  def _take(self, connection, message, fds):
    (kind, fields), = message.items()
    with self._lock:
      if kind == 'offer':
        self._offers[fields['id']] = Offer(fields, fds)
      elif kind == 'withdraw':
        self._offers.pop(fields['id']).close()
        self._withdrawn[fields['id']] = fields['reason']
        connection.send(json.dumps({'released': {'id': fields['id']}}).encode())
