// An object that dies where it is placed, for what a kernel prints of code that it does not know.
extern "C" {
unsigned long die() {
  __builtin_trap();
}
}
