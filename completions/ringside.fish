# fish completion of ringside. Options and subcommands come from the command's own --help, so they
# cannot drift; kernels from `ringside lab list`.
function __ringside_command
    set -l words (commandline -opc)
    set -l command $words[1]
    test (count $words) -gt 1; and set -a command $words[2]
    test (count $words) -gt 2; and begin
        contains -- $words[2] lab channel
        or string match -qr '^(firmware/serve|oops/(arm|disarm|status|last|index|filter))$' "$words[2]/$words[3]"
    end; and set -a command $words[3]
    string join \n -- $command
end

function __ringside_options
    set -l command (__ringside_command)
    command $command --help 2>/dev/null | string replace -rf '^ +(?:-[a-z],)?(--[a-z-]+)\S*(?: [A-Z]\S*)* *(.*)' '$1\t$2'
end

function __ringside_subcommands
    set -l command (__ringside_command)
    command $command --help 2>/dev/null | string replace -rf '^  ([a-z][a-z-]*)  *([^ ].*)' '$1\t$2'
end

function __ringside_wants_kernel
    set -l words (commandline -opc)
    contains -- $words[-1] --kernel -k kimage
end

function __ringside_wants_subcommand
    set -l words (commandline -opc)
    test (count $words) -eq 1; or begin
        test (count $words) -eq 2; and contains -- "$words[2]" lab channel firmware
    end
end

complete -c ringside -n __ringside_wants_subcommand -f -a '(__ringside_subcommands)'
complete -c ringside -n 'set -l words (commandline -opc); test "$words[2..]" = oops' -a '(__ringside_subcommands)'
complete -c ringside -n 'string match -q -- "-*" (commandline -ct)' -f -a '(__ringside_options)'
complete -c ringside -n __ringside_wants_kernel -a '(ringside lab list 2>/dev/null | cut -f1)'
complete -c ringside -n 'set -l words (commandline -opc); test "$words[2..]" = verdict' -a '(ringside verdict --help | string replace -rf "^ *SERVICE TEXT *(.*), or a folder.*" "\$1" | string split ", ")'
