#!/bin/sh
# Stands in for the platform's own ngcpcfg: renders sshd_config from its template, one of the operator's own first,
# commits the configuration and lets sshd read what changed.
set -e
folder=/etc/ngcp-config
say() { echo "$(date '+%F %T') spce: $*"; }
echo "ngcpcfg $*" >>/var/log/calls
case "$1" in
help) printf 'ngcpcfg apply\nngcpcfg build\nngcpcfg check\n' ;;
check) say OK ;;
apply)
  [ ! -e /run/ngcpcfg-is-broken ] || { say 'Error: the template cannot be rendered' && exit 1; }
  template=$folder/templates/etc/ssh/sshd_config.tt2
  own=$folder/templates/etc/ssh/sshd_config.customtt.tt2
  [ ! -e "$own" ] || template=$own
  perl -e '
    open my $config, "<", shift or die;
    while (<$config>) { $in = /^sshd:/ if /^\w/; $value{$1} = $2 if $in && /^  (\w+): \x27?(.*?)\x27?$/ }
    while (<>) { s/\[% sshd\.(\w+) %\]/$value{$1}/g; print }
  ' "$folder/config.yml" "$template" >/run/sshd_config
  say "built /etc/ssh/sshd_config from $template"
  changed=no
  cmp -s /run/sshd_config /etc/ssh/sshd_config || changed=yes
  cat /run/sshd_config >/etc/ssh/sshd_config
  cd "$folder"
  git add -A
  git -c user.name=n -c user.email=n@n commit -q --allow-empty -m "$2"
  [ "$changed" = no ] || service ssh reload
  say 'applied'
  ;;
*) echo "unknown action $1" >&2 && exit 1 ;;
esac
