// loader-clock: preloaded into modprobe or ringside, it measures what is spent on loading alone and
// on signatures, from within: nothing traces the process, so nothing is added but a few calls of
// the clock. At exit one line goes to the file RINGSIDE_CLOCK names:
//
//   LOADS LOADING VERIFYING
//
// LOADING is the CPU time (ns) of all threads of the process in init_module(2) and finit_module(2);
// of a load that is handed over that from arming the device to disarming it, which contains the
// call. VERIFYING is that in OpenSSL's CMS_verify, or, of a signature that nettle verifies
// (user/signature/p384.hh), in EVP_Digest and nettle's ecdsa_verify.
#include <dlfcn.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <ctime>

#include "include/ringside/uapi/loader.h"

namespace {

// The process's main thread does the loading and the verifying; others only serve.
struct Clock {
  unsigned long loads = 0;
  double loading = 0, verifying = 0, armed = 0;

  ~Clock() {
    const char* name = std::getenv("RINGSIDE_CLOCK");
    std::FILE* file = name ? std::fopen(name, "we") : nullptr;
    if (!file) return;
    std::fprintf(file, "%lu %.0f %.0f\n", loads, loading, verifying);
    std::fclose(file);
  }
};

Clock measured;

double now() {
  timespec time{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) * 1e9 + static_cast<double>(time.tv_nsec);
}

template <class Function>
Function* original(const char* name) {
  return reinterpret_cast<Function*>(dlsym(RTLD_NEXT, name));
}

bool is_main() {
  return getpid() == gettid();
}

template <class Call>
auto timed_load(Call call) {
  auto start = now();
  auto status = call();
  if (measured.armed == 0) measured.loading += now() - start;
  ++measured.loads;
  return status;
}

template <class Call>
auto timed_verification(Call call) {
  auto start = now();
  auto status = call();
  measured.verifying += now() - start;
  return status;
}

}  // namespace

extern "C" {

int init_module(void* image, unsigned long size, const char* parameters) {
  return timed_load([&] {
    return static_cast<int>(
        original<long(long, ...)>("syscall")(SYS_init_module, image, size, parameters));
  });
}

long syscall(long number, ...) {
  static auto* const real = original<long(long, ...)>("syscall");
  long words[6];
  va_list list;
  va_start(list, number);
  for (auto& word : words) word = va_arg(list, long);
  va_end(list);
  auto call = [&] {
    return real(number, words[0], words[1], words[2], words[3], words[4], words[5]);
  };
  bool loads = number == SYS_init_module || number == SYS_finit_module;
  return loads ? timed_load(call) : call();
}

int ioctl(int fd, unsigned long request, ...) {
  static auto* const real = original<int(int, unsigned long, ...)>("ioctl");
  va_list list;
  va_start(list, request);
  void* argument = va_arg(list, void*);
  va_end(list);
  auto start = now();
  int status = real(fd, request, argument);
  if (!is_main()) return status;
  if (request == RS_LOADER_IOC_ARM) measured.armed = start;
  if (request == RS_LOADER_IOC_DISARM && measured.armed != 0) {
    measured.loading += now() - measured.armed;
    measured.armed = 0;
  }
  return status;
}

int CMS_verify(void* message, void* certificates, void* store, void* content, void* out,
               unsigned flags) {
  static auto* const real =
      original<int(void*, void*, void*, void*, void*, unsigned)>("CMS_verify");
  return timed_verification(
      [&] { return real(message, certificates, store, content, out, flags); });
}

int EVP_Digest(const void* data, unsigned long size, void* digest, unsigned* bytes,
               const void* type, void* engine) {
  static auto* const real =
      original<int(const void*, unsigned long, void*, unsigned*, const void*, void*)>("EVP_Digest");
  return timed_verification([&] { return real(data, size, digest, bytes, type, engine); });
}

int nettle_ecdsa_verify(const void* key, unsigned long size, const void* digest,
                        const void* signature) {
  static auto* const real =
      original<int(const void*, unsigned long, const void*, const void*)>("nettle_ecdsa_verify");
  return timed_verification([&] { return real(key, size, digest, signature); });
}

}  // extern "C"
