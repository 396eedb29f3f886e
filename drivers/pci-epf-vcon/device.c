// SPDX-License-Identifier: GPL-2.0
/*
 * A character device for a port of the endpoint that is not a console
 *
 * To programs it is what a port of virtio_console is (port_fops in the kernel's
 * drivers/char/virtio_console.c): one user at a time; a read ends with 0 while the host's
 * end is closed, a write waits for it; both fail with ENODEV when the port has gone.
 */
#include <linux/cdev.h>
#include <linux/device.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/idr.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/poll.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/uio.h>
#include <linux/wait.h>

#include "pci-ep-compat.h"
#include "vcon.h"

#define VCON_MAX_DEVICES	256

/**
 * struct vcon_device - the device of a port
 * @dev: device, which counts references
 * @cdev: the same for its users
 * @name: of the port, or nothing
 * @id: number of the port
 * @lock: guards all that follows
 * @vcon: function, NULL when the port has gone
 * @used: somebody has opened it
 * @peer: the host's end is open
 * @wait: woken when something has changed
 * @async: signalled then
 */
struct vcon_device {
	struct device dev;
	struct cdev cdev;
	char name[VCON_NAME_MAX + 1];
	unsigned int id;
	spinlock_t lock; /* users, and the way to the function */
	struct vcon *vcon;
	bool used;
	bool peer;
	wait_queue_head_t wait;
	struct fasync_struct *async;
};

static dev_t vcon_devt;
static DEFINE_IDA(vcon_minors);

void vcon_device_changed(struct vcon_device *d)
{
	wake_up_interruptible(&d->wait);
	kill_fasync(&d->async, SIGIO, POLL_OUT);
}

static __poll_t vcon_device_events(struct vcon_device *d)
{
	__poll_t events = 0;

	spin_lock(&d->lock);
	if (!d->vcon) {
		events = EPOLLHUP;
	} else {
		/* The end of file is there to be read, too */
		if (!d->peer || epfv_pair_readable(d->vcon->f, d->id))
			events |= EPOLLIN | EPOLLRDNORM;
		if (d->peer && epfv_pair_writable(d->vcon->f, d->id))
			events |= EPOLLOUT | EPOLLWRNORM;
		if (!d->peer)
			events |= EPOLLHUP;
	}
	spin_unlock(&d->lock);
	return events;
}

/* Bytes that are there, 0 at their end, -EAGAIN if there may be more */
static ssize_t vcon_device_take(struct vcon_device *d, void *buf, size_t len)
{
	ssize_t ret;

	spin_lock(&d->lock);
	if (!d->vcon)
		ret = -ENODEV;
	else
		ret = epfv_pair_read(d->vcon->f, d->id, buf, len) ?: (d->peer ? -EAGAIN : 0);
	spin_unlock(&d->lock);
	return ret;
}

static ssize_t vcon_device_put(struct vcon_device *d, const void *buf, size_t len)
{
	ssize_t ret = -EAGAIN;

	spin_lock(&d->lock);
	if (!d->vcon)
		ret = -ENODEV;
	else if (d->peer)
		ret = epfv_pair_write(d->vcon->f, d->id, buf, len) ?: -EAGAIN;
	spin_unlock(&d->lock);
	return ret;
}

static bool vcon_no_wait(const struct kiocb *iocb)
{
	return (iocb->ki_filp->f_flags & O_NONBLOCK) || (iocb->ki_flags & IOCB_NOWAIT);
}

static bool vcon_device_gone(struct vcon_device *d)
{
	bool gone;

	spin_lock(&d->lock);
	gone = !d->vcon;
	spin_unlock(&d->lock);
	return gone;
}

static ssize_t vcon_device_read_iter(struct kiocb *iocb, struct iov_iter *to)
{
	struct vcon_device *d = iocb->ki_filp->private_data;
	size_t len = min_t(size_t, iov_iter_count(to), PAGE_SIZE);
	ssize_t ret;
	void *buf;

	if (!len)
		return 0;
	/* What was taken out cannot be put back */
	len -= fault_in_iov_iter_writeable(to, len);
	if (!len)
		return -EFAULT;
	buf = kmalloc(len, GFP_KERNEL);
	if (!buf)
		return -ENOMEM;
	for (;;) {
		ret = vcon_device_take(d, buf, len);
		if (ret != -EAGAIN || vcon_no_wait(iocb))
			break;
		ret = wait_event_interruptible(d->wait,
					       vcon_device_events(d) & (EPOLLIN | EPOLLHUP));
		if (ret)
			break;
	}
	if (ret > 0 && copy_to_iter(buf, ret, to) != ret)
		ret = -EFAULT;
	kfree(buf);
	return ret;
}

static ssize_t vcon_device_write_iter(struct kiocb *iocb, struct iov_iter *from)
{
	struct vcon_device *d = iocb->ki_filp->private_data;
	size_t done = 0;
	ssize_t ret = 0;
	void *buf;

	buf = kmalloc(PAGE_SIZE, GFP_KERNEL);
	if (!buf)
		return -ENOMEM;
	while (iov_iter_count(from)) {
		size_t len = copy_from_iter(buf, PAGE_SIZE, from);

		if (!len) {
			ret = -EFAULT;
			break;
		}
		ret = vcon_device_put(d, buf, len);
		iov_iter_revert(from, len - max_t(ssize_t, ret, 0));
		if (ret > 0) {
			done += ret;
			continue;
		}
		if (ret != -EAGAIN || vcon_no_wait(iocb))
			break;
		ret = wait_event_interruptible(d->wait, vcon_device_gone(d) ||
					       vcon_device_events(d) & EPOLLOUT);
		if (ret)
			break;
	}
	kfree(buf);
	return done ?: ret;
}

static __poll_t vcon_device_poll(struct file *file, poll_table *wait)
{
	struct vcon_device *d = file->private_data;

	poll_wait(file, &d->wait, wait);
	return vcon_device_events(d);
}

static int vcon_device_fasync(int fd, struct file *file, int on)
{
	struct vcon_device *d = file->private_data;

	return fasync_helper(fd, file, on, &d->async);
}

static int vcon_device_open(struct inode *inode, struct file *file)
{
	struct vcon_device *d = container_of(inode->i_cdev, struct vcon_device, cdev);
	int err = 0;

	spin_lock(&d->lock);
	if (!d->vcon)
		err = -ENXIO;
	else if (d->used)
		err = -EBUSY;
	else
		d->used = true;
	/* Here, so that neither overtakes the other */
	if (!err)
		vcon_direct_open(d->vcon, d->id, true);
	spin_unlock(&d->lock);
	if (err)
		return err;
	file->private_data = d;
	return stream_open(inode, file);
}

static int vcon_device_release(struct inode *inode, struct file *file)
{
	struct vcon_device *d = file->private_data;

	spin_lock(&d->lock);
	d->used = false;
	if (d->vcon)
		vcon_direct_open(d->vcon, d->id, false);
	spin_unlock(&d->lock);
	return 0;
}

static const struct file_operations vcon_device_fops = {
	.owner = THIS_MODULE,
	.open = vcon_device_open,
	.release = vcon_device_release,
	.read_iter = vcon_device_read_iter,
	.write_iter = vcon_device_write_iter,
	.splice_read = copy_splice_read,
	.splice_write = iter_file_splice_write,
	.poll = vcon_device_poll,
	.fasync = vcon_device_fasync,
};

static ssize_t name_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%s\n", container_of(dev, struct vcon_device, dev)->name);
}
static DEVICE_ATTR_RO(name);

static ssize_t host_connected_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%d\n",
			  READ_ONCE(container_of(dev, struct vcon_device, dev)->peer));
}
static DEVICE_ATTR_RO(host_connected);

static struct attribute *vcon_device_attrs[] = {
	&dev_attr_name.attr,
	&dev_attr_host_connected.attr,
	NULL,
};
ATTRIBUTE_GROUPS(vcon_device);

/* Where udev puts the ports of virtio devices that have a name */
static char *vcon_devnode(const struct device *dev, umode_t *mode)
{
	const char *name = container_of(dev, struct vcon_device, dev)->name;

	return name[0] ? kasprintf(GFP_KERNEL, "virtio-ports/%s", name) : NULL;
}

static const struct class vcon_class = {
	.name = "vcon-ports",
	.dev_groups = vcon_device_groups,
	.devnode = vcon_devnode,
};

static void vcon_device_free(struct device *dev)
{
	struct vcon_device *d = container_of(dev, struct vcon_device, dev);

	ida_free(&vcon_minors, MINOR(dev->devt));
	kfree(d);
}

struct vcon_device *vcon_device_add(struct vcon *vcon, unsigned int id, const char *name)
{
	struct vcon_device *d;
	int minor, err;

	d = kzalloc_obj(*d);
	if (!d)
		return ERR_PTR(-ENOMEM);
	minor = ida_alloc_max(&vcon_minors, VCON_MAX_DEVICES - 1, GFP_KERNEL);
	if (minor < 0) {
		kfree(d);
		return ERR_PTR(minor);
	}
	strscpy(d->name, name, sizeof(d->name));
	d->id = id;
	d->vcon = vcon;
	spin_lock_init(&d->lock);
	init_waitqueue_head(&d->wait);
	device_initialize(&d->dev);
	d->dev.class = &vcon_class;
	d->dev.parent = vcon->dev;
	d->dev.devt = MKDEV(MAJOR(vcon_devt), minor);
	d->dev.release = vcon_device_free;
	cdev_init(&d->cdev, &vcon_device_fops);
	d->cdev.owner = THIS_MODULE;
	err = dev_set_name(&d->dev, "%sp%u", dev_name(vcon->dev), id);
	if (!err)
		err = cdev_device_add(&d->cdev, &d->dev);
	if (err) {
		put_device(&d->dev);
		return ERR_PTR(err);
	}
	return d;
}

void vcon_device_remove(struct vcon_device *d)
{
	cdev_device_del(&d->cdev, &d->dev);
	spin_lock(&d->lock);
	d->vcon = NULL;
	spin_unlock(&d->lock);
	vcon_device_changed(d);
	put_device(&d->dev);
}

void vcon_device_peer(struct vcon_device *d, bool open)
{
	spin_lock(&d->lock);
	WRITE_ONCE(d->peer, open);
	spin_unlock(&d->lock);
	vcon_device_changed(d);
}

int vcon_devices_init(void)
{
	int err;

	err = alloc_chrdev_region(&vcon_devt, 0, VCON_MAX_DEVICES, "vcon-ports");
	if (err)
		return err;
	err = class_register(&vcon_class);
	if (err)
		unregister_chrdev_region(vcon_devt, VCON_MAX_DEVICES);
	return err;
}

void vcon_devices_exit(void)
{
	class_unregister(&vcon_class);
	unregister_chrdev_region(vcon_devt, VCON_MAX_DEVICES);
}
