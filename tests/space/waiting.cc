// Functions that do not come back until the word at `told` is set, whatever happens to their
// caller; or, the last one, until their caller is killed. Each gives what it found there.
extern "C" {

void msleep(unsigned milliseconds);
unsigned long msleep_interruptible(unsigned milliseconds);

unsigned long spin(const volatile unsigned* told) {
  while (*told == 0) __builtin_ia32_pause();
  return *told;
}

unsigned long sleep_deaf(const volatile unsigned* told) {
  while (*told == 0) msleep(10);
  return *told;
}

unsigned long sleep_killable(const volatile unsigned* told) {
  while (*told == 0 && msleep_interruptible(10) == 0) continue;
  return *told;
}

}  // extern "C"
