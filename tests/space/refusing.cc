// An object whose init entry does not succeed: no call may reach it.
extern "C" {
int ringside_init() {
  return -5;
}
unsigned long never() {
  return 1;
}
}
