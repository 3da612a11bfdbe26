import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort, type Member, startProgram } from './process.ts';

/** Where a server reads over TLS, and what may pass. */
export interface Place {
  readonly folder: string;
  readonly upstreamPort: number;
  readonly certificate: string;
  readonly key: string;
}

/** What a program says about its version; null where it is not installed. */
export function versionOf(program: string, flag: string): string | null {
  try {
    const said = execFileSync('sh', ['-c', `${program} ${flag} 2>&1`], { encoding: 'utf8' });
    return /\d+\.\d+\.\d+/.exec(said)?.[0] ?? null;
  } catch {
    return null;
  }
}

/**
 * Peer (d): nginx with a map of keys and a limit of requests, upstream connections kept. With the addition filter it
 * puts an envelope around what is not compressed (it cannot do so around gzip).
 */
export async function startNginx({ folder, upstreamPort, certificate, key }: Place): Promise<Member> {
  const port = await freePort();
  const config = join(folder, 'nginx.conf');
  writeFileSync(config, nginxConfig({ folder, upstreamPort, certificate, key, port }));
  return startProgram('nginx', ['-c', config, '-g', 'daemon off;', '-e', join(folder, 'nginx.log')], port);
}

const nginxConfig = ({ folder, upstreamPort, certificate, key, port }: Place & { readonly port: number }) => `
include /etc/nginx/modules-enabled/*.conf;
worker_processes 1;
pid ${folder}/nginx.pid;
error_log ${folder}/nginx.log crit;
events { worker_connections 1024; }
http {
  access_log off;
  ${['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${folder}/${name};`).join(' ')}
  keepalive_requests 100000000; keepalive_timeout 120s;
  map_hash_bucket_size 128;
  map $http_x_oanor_key $account { default ""; "${key}" "bench"; }
  limit_req_zone $account zone=rate:10m rate=1000000r/s;
  upstream bitbucket { server 127.0.0.1:${upstreamPort}; keepalive 64; keepalive_requests 100000000; }
  server {
    listen 127.0.0.1:${port};
    location = /head { return 200 '{"data":'; default_type application/json; }
    location = /tail { return 200 ',"meta":{"request_id":"$request_id"},"status":"ok","success":true}'; default_type application/json; }
    location / {
      if ($account = "") { return 401; }
      limit_req zone=rate burst=1000 nodelay;
      proxy_pass https://bitbucket;
      proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header Host 127.0.0.1;
      proxy_set_header Accept-Encoding $http_accept_encoding;
      proxy_ssl_verify on; proxy_ssl_trusted_certificate ${certificate}; proxy_ssl_name localhost;
      proxy_buffers 64 64k; proxy_buffer_size 64k; proxy_busy_buffers_size 128k; proxy_max_temp_file_size 0;
      add_before_body /head; add_after_body /tail; addition_types application/json;
    }
  }
}
`;

/** Peer (e): HAProxy with a list of keys and a stick table of rates; no envelope. */
export async function startHaproxy({ folder, upstreamPort, certificate, key }: Place): Promise<Member> {
  const port = await freePort();
  const config = join(folder, 'haproxy.cfg');
  writeFileSync(join(folder, 'keys'), `${key}\n`);
  writeFileSync(config, haproxyConfig({ folder, upstreamPort, certificate, key, port }));
  return startProgram('haproxy', ['-f', config, '-db'], port);
}

const haproxyConfig = ({ folder, upstreamPort, certificate, port }: Place & { readonly port: number }) => `
global
  nbthread 1
  tune.bufsize 65536
defaults
  mode http
  timeout connect 5s
  timeout client 120s
  timeout server 120s
  timeout http-keep-alive 120s
frontend callers
  bind 127.0.0.1:${port}
  stick-table type string len 64 size 100k expire 10s store http_req_rate(1s)
  http-request deny deny_status 401 unless { req.hdr(x-oanor-key) -f ${folder}/keys }
  http-request track-sc0 req.hdr(x-oanor-key)
  http-request deny deny_status 429 if { sc_http_req_rate(0) gt 1000000 }
  default_backend bitbucket
backend bitbucket
  http-reuse always
  server one 127.0.0.1:${upstreamPort} ssl verify required ca-file ${certificate} sni str(localhost) verifyhost localhost
`;
