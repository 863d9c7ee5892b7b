package target

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"syscall"

	"golang.org/x/sys/unix"
)

// smallDiskVar tells our program, executed again, where its small disk is.
const smallDiskVar = "HERMES_SOAK_SMALL_DISK_AT"

// SmallDisk returns a folder of our own that is a disk of size bytes and empty: a tmpfs
// in a mount namespace of our own, which nobody else sees, and which ends with the last
// process in it. To get there it executes our program again, with the same pid and
// arguments, so it is to be called before anything else is begun: it returns only in
// the program executed again, or with an error. The folder is one for Command.Remove.
// Without the right to mount the error is os.ErrPermission.
func SmallDisk(size int64) (folder string, err error) {
	if folder := os.Getenv(smallDiskVar); folder != "" {
		if err := os.Unsetenv(smallDiskVar); err != nil { // it is not for our children
			return "", err
		}
		if err := isSmallDisk(folder); err != nil {
			return "", err
		}
		return folder, nil
	}
	failed := make(chan error)
	go func() {
		runtime.LockOSThread() // for good: the thread is in the namespace, and ends with us
		failed <- enterSmallDisk(size)
	}()
	return "", <-failed
}

// enterSmallDisk returns only where it fails.
func enterSmallDisk(size int64) (err error) {
	if err := unix.Unshare(unix.CLONE_NEWNS | unix.CLONE_FS); err != nil {
		return fmt.Errorf("making a mount namespace: %w", err)
	}
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("keeping our mounts to ourselves: %w", err)
	}
	temp, err := filepath.Abs(os.TempDir())
	if err != nil {
		return err
	}
	folder, err := os.MkdirTemp(temp, TempPrefix+"*") // of mode 0700
	if err != nil {
		return fmt.Errorf("making a folder for the disk: %w", err)
	}
	defer func() { err = errors.Join(err, os.Remove(folder)) }()
	options := fmt.Sprintf("size=%d,mode=0700", size)
	if err := unix.Mount("hermes-soak", folder, "tmpfs", unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC, options); err != nil {
		return fmt.Errorf("mounting a small disk: %w", err)
	}
	err = syscall.Exec("/proc/self/exe", os.Args, append(os.Environ(), smallDiskVar+"="+folder))
	return errors.Join(fmt.Errorf("executing ourselves again: %w", err), unix.Unmount(folder, unix.MNT_DETACH))
}

// isSmallDisk makes sure that the folder is what SmallDisk has made.
func isSmallDisk(folder string) error {
	var disk unix.Statfs_t
	var here, above unix.Stat_t
	err := errors.Join(unix.Statfs(folder, &disk), unix.Lstat(folder, &here), unix.Lstat(filepath.Dir(folder), &above))
	if err == nil {
		_, err = removable(folder)
	}
	switch {
	case err != nil:
		return fmt.Errorf("looking at the small disk: %w", err)
	case disk.Type != unix.TMPFS_MAGIC || here.Dev == above.Dev || here.Mode != unix.S_IFDIR|0o700 || int(here.Uid) != os.Geteuid():
		return fmt.Errorf("%s is no small disk of ours", folder)
	}
	return nil
}

// detach takes the small disk off the folder, if there is one.
func detach(folder string) error {
	if isSmallDisk(folder) != nil {
		return nil // it is a folder as any other
	}
	return unix.Unmount(folder, unix.MNT_DETACH|unix.UMOUNT_NOFOLLOW)
}
