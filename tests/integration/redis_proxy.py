"""A proxy before Redis that answers later than Redis does, or otherwise."""

import itertools
import socket
import threading
import time


class RedisProxy:
    """Listens on a unix socket. delays has the seconds by which each of the answers comes later;
    change makes other bytes of what Redis sends."""

    def __init__(self, path, redis_path, delays=itertools.repeat(0), change=lambda answer: answer):
        self.path = str(path)
        self.redis_path = str(redis_path)
        self.delays = delays
        self.change = change
        self.sockets = []
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(self.path)
        self.listener.listen()
        self.threads = []
        self.start(self.accept)

    def start(self, target, *args):
        thread = threading.Thread(target=target, args=args, daemon=True)
        self.threads.append(thread)
        thread.start()

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            server = socket.socket(socket.AF_UNIX)
            server.connect(self.redis_path)
            self.sockets += [client, server]
            self.start(self.pump, client, server, lambda data: data, itertools.repeat(0))
            self.start(self.pump, server, client, self.change, self.delays)

    def pump(self, source, target, change, delays):
        try:
            while data := source.recv(65536):
                time.sleep(next(delays))
                target.sendall(change(data))
        except OSError:
            pass
        for end in (source, target):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def close(self):
        for end in (self.listener, *self.sockets):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        for thread in self.threads:
            thread.join(5)
        for end in (self.listener, *self.sockets):
            end.close()
