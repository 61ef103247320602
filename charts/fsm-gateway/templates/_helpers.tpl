{{/* The operator receives these names in its arguments and its namespace. */}}
{{- define "fsm-gateway.name" -}}{{ .Values.name }}{{- end }}

{{- define "fsm-gateway.namespace" -}}{{ .Values.namespace }}{{- end }}

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
app: {{ include "fsm-gateway.name" . }}-operator
{{ include "fsm-gateway.labels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
{{- end }}
