// Preloaded into a process, it keeps beside a directory what a power cut would leave of it. Of a file that is what it held
// when it was last synced; of names, with KYMOGRAPH_DISK_NAMES=posix, what a directory held when it was synced, else all
// there were when anything was (a journal that writes names in order, as ext4 does).
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static _Thread_local int is_inside;
static unsigned long copies;

static void shadow_path(char *path, const char *kind, unsigned long number, const char *suffix) {
  snprintf(path, PATH_MAX, "%s/%s-%lu%s", getenv("KYMOGRAPH_DISK_SHADOW"), kind, number, suffix);
}

static void put(const char *aside, const char *path, FILE *out) {
  fclose(out);
  rename(aside, path);
}

static FILE *begin(char *aside, char *path, const char *kind, unsigned long number) {
  char suffix[64];
  snprintf(suffix, sizeof suffix, ".%d.%lu", getpid(), __atomic_add_fetch(&copies, 1, __ATOMIC_SEQ_CST));
  shadow_path(aside, kind, number, suffix);
  shadow_path(path, kind, number, "");
  return fopen(aside, "w");
}

static void keep_data(const char *file, unsigned long inode) {
  char aside[PATH_MAX], path[PATH_MAX], bytes[65536];
  FILE *in = fopen(file, "r"), *out = begin(aside, path, "data", inode);
  size_t length;
  while (in && out && (length = fread(bytes, 1, sizeof bytes, in)) > 0) fwrite(bytes, 1, length, out);
  if (in) fclose(in);
  if (out) put(aside, path, out);
}

static void keep_names(const char *directory, int deep) {
  struct stat at;
  char aside[PATH_MAX], path[PATH_MAX], entry[PATH_MAX];
  DIR *listing = opendir(directory);
  if (!listing || stat(directory, &at) != 0) return;
  FILE *out = begin(aside, path, "names", at.st_ino);
  for (struct dirent *each; out && (each = readdir(listing));) {
    if (!strcmp(each->d_name, ".") || !strcmp(each->d_name, "..")) continue;
    snprintf(entry, sizeof entry, "%s/%s", directory, each->d_name);
    if (lstat(entry, &at) != 0) continue;
    fprintf(out, "%c %lu %s\n", S_ISDIR(at.st_mode) ? 'd' : 'f', (unsigned long)at.st_ino, each->d_name);
    if (deep && S_ISDIR(at.st_mode)) keep_names(entry, deep);
  }
  closedir(listing);
  if (out) put(aside, path, out);
}

static void synced(int fd) {
  const char *disk = getenv("KYMOGRAPH_DISK"), *names = getenv("KYMOGRAPH_DISK_NAMES");
  char link[64], path[PATH_MAX];
  struct stat at;
  if (is_inside || !disk) return;
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, sizeof path - 1);
  if (length < 0) return;
  path[length] = 0;
  if (strncmp(path, disk, strlen(disk)) != 0 || fstat(fd, &at) != 0) return;
  is_inside = 1;
  int is_posix = names && !strcmp(names, "posix");
  if (!S_ISDIR(at.st_mode)) keep_data(path, at.st_ino);
  else if (is_posix) keep_names(path, 0);
  if (!is_posix) keep_names(disk, 1);
  is_inside = 0;
}

#define SYNCING(name)                                      \
  int name(int fd) {                                       \
    int (*real)(int) = dlsym(RTLD_NEXT, #name);            \
    int result = real(fd);                                 \
    if (result == 0) synced(fd);                           \
    return result;                                         \
  }
SYNCING(fsync)
SYNCING(fdatasync)
