// An object that dies where it is placed, for what a kernel prints of code that it does not know.
extern "C" {
unsigned long strlen(const char* text);

// Dies in vmlinux, called from here.
unsigned long die() {
  return strlen(reinterpret_cast<const char*>(8)) + 1;
}
}
