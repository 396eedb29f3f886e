# SPDX-License-Identifier: GPL-2.0
"""Descriptors that are slow to close for who has them last."""

import ctypes
import fcntl
import mmap
import os
import select
import socket
import struct
import threading
import time

USERFAULTFD = 323                       # on x86-64
UFFDIO_API, UFFDIO_REGISTER, UFFD_API = 0xc018aa3f, 0xc020aa00, 0xaa
PAGE = 4096


def lingering(seconds):
    """The end of a connection that waits for so long, and the other, which does not read."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        end = socket.create_connection(server.getsockname())
        silent = server.accept()[0]
    end.setblocking(False)
    try:
        while True:
            end.send(bytes(65536))
    except BlockingIOError:
        pass
    end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, seconds))
    return end, silent


class StuckEpoll:
    """Has an event descriptor in an epoll that keeps its lock, until it is released.

    It writes to memory that is not given to it, as memory on a FUSE file system may not be,
    either.
    """

    def __init__(self, fd):
        libc = ctypes.CDLL(None, use_errno=True)
        self.fault = libc.syscall(USERFAULTFD, os.O_CLOEXEC | os.O_NONBLOCK)
        assert self.fault >= 0, os.strerror(ctypes.get_errno())
        self.memory = mmap.mmap(-1, PAGE)
        at = ctypes.addressof(ctypes.c_char.from_buffer(self.memory))
        fcntl.ioctl(self.fault, UFFDIO_API, bytearray(struct.pack("QQQ", UFFD_API, 0, 0)))
        fcntl.ioctl(self.fault, UFFDIO_REGISTER,
                    bytearray(struct.pack("QQQQ", at, PAGE, 1, 0)))
        self.epoll = select.epoll()
        self.epoll.register(fd, select.EPOLLIN)
        self.thread = threading.Thread(target=libc.epoll_wait, daemon=True, args=(
            self.epoll.fileno(), ctypes.c_void_p(at), 1, -1))
        self.thread.start()
        # Until it waits there
        time.sleep(0.2)

    def release(self):
        os.close(self.fault)
        self.thread.join()
        self.epoll.close()


def stuck_event():
    """An event descriptor in such an epoll, and that"""
    fd = os.eventfd(1, os.EFD_NONBLOCK)
    return fd, StuckEpoll(fd)
