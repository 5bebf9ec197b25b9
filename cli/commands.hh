// The commands of `ringside`, one file each. A command parses its own arguments (argv[0] is its
// name), prints to stdout, puts one clear line on stderr where it fails, and returns an
// ExitStatus.
#pragma once

namespace ringside::cli {

int channel(int argc, char** argv);
int check(int argc, char** argv);
int doctor(int argc, char** argv);
int firmware(int argc, char** argv);
int html(int argc, char** argv);
int kimage(int argc, char** argv);
int ksyms(int argc, char** argv);
int lab(int argc, char** argv);
int link(int argc, char** argv);
int list(int argc, char** argv);
int load(int argc, char** argv);
int new_service(int argc, char** argv);
int oops(int argc, char** argv);
int place(int argc, char** argv);
int scan(int argc, char** argv);
int unload(int argc, char** argv);
int verdict(int argc, char** argv);

}  // namespace ringside::cli
