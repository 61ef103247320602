{{/* What the program is called; it knows these names (src/model/identity.ts). */}}
{{- define "fsm-gateway.namespace" -}}fsm-gateway-system{{- end }}

{{- define "fsm-gateway.image" -}}
{{- if .Values.image.digest -}}
{{ .Values.image.repository }}@{{ .Values.image.digest }}
{{- else -}}
{{ .Values.image.repository }}:{{ .Values.image.tag }}
{{- end -}}
{{- end }}

{{- define "fsm-gateway.labels" -}}
app.kubernetes.io/name: fsm-gateway
{{- end }}

{{- define "fsm-gateway.podLabels" -}}
app: fsm-gateway-operator
{{ include "fsm-gateway.labels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
{{- end }}
